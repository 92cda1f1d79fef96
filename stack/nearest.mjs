/** The one of some words that a misspelt word most likely means; undefined when none is near. */
export function nearest(word, words) {
  const ranked = words.map((one) => ({ one, steps: distance(word.toLowerCase(), one.toLowerCase()) }));
  const best = ranked.sort((a, b) => a.steps - b.steps)[0];
  return best !== undefined && best.steps <= Math.max(2, word.length / 3) ? best.one : undefined;
}

/** Levenshtein's: how many letters have to be put in, left out or exchanged. */
function distance(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const exchanged = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
