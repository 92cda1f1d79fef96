/** What the stack was deployed with, as JSON: `mirage-pages doctor` warns when another deploy would undo it. */
module.exports = async ({ resolveVariable, resolveConfigurationProperty }) => {
  const defaults = await resolveConfigurationProperty(["params", "default"]);
  const entries = await Promise.all(
    Object.keys(defaults).map(async (name) => [name, String(await resolveVariable(`param:${name}`))]),
  );
  const given = entries.filter(([name, value]) => value !== String(defaults[name]));
  const Value = JSON.stringify(Object.fromEntries(given));
  return { Outputs: { Parameters: { Description: "The values of --param that are no defaults", Value } } };
};
