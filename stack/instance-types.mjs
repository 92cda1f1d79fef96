/** Families before the Nitro system: no ENA card or NVMe disk that the machine's kernel knows, and no UEFI. */
const XEN =
  "c1 c3 c4 cc1 cc2 cg1 cr1 d2 f1 g2 g3 g3s h1 hi1 hs1 i2 i3 m1 m2 m3 m4 p2 p3 r3 r4 t1 t2 x1 x1e".split(" ");

/**
 * On the Nitro system, x86, and without UEFI all the same.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instance-boot-mode.html
 */
const NO_UEFI = /^(dl1|g4ad|p4[a-z]*|vt1|u-(3|6|9|12|18|24)tb1)$/;

/**
 * Why no machine of an instance type can start the site's disk, and what to write instead; undefined for a type
 * that may. Known without asking AWS: its form, its processor (x86), its system (Nitro) and its firmware (UEFI).
 * Whether the type exists in the region is asked by `mirage-pages doctor`.
 */
export function instanceTypeProblem(type) {
  const is = `is "${type}"`;
  const [, family, generation] = /^([a-z]+-?(\d+[a-z0-9-]*))\.(?:[a-z0-9-]+)$/.exec(type) ?? [];
  if (family === undefined) return `${is}; write an instance type such as t3.nano.`;
  if (/^mac/.test(family)) return `${is}, a Mac; write one with an x86 processor such as t3.nano.`;
  if (family === "a1" || /^\d+[a-z]*g/.test(generation) || /-gb\d/.test(family)) {
    return `${is}, which has an ARM processor; the machine's kernel is for x86: write one such as t3.nano.`;
  }
  if (XEN.includes(family))
    return `${is}, which is not of the Nitro system; write a newer one such as t3.nano.`;
  if (NO_UEFI.test(family) || type.includes(".metal")) {
    return `${is}, which does not start in UEFI mode; write one that does, such as t3.nano.`;
  }
  return undefined;
}
