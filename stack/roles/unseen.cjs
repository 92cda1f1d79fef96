const reasons = new Map();

/**
 * Why no call of the tests uses a statement: the calls of the whole test run are recorded, and a statement that
 * none of them used needs its reason here (tests/last).
 */
const unseen = (reason, statement) => {
  const own = { ...statement };
  reasons.set(own, reason);
  return own;
};

module.exports = { unseen, reasons };
