import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type DrawnPart, type Picture, pictureOf } from "../../../cli/console/picture.ts";
import { readPackaged } from "../../stack/packaged.ts";
import { definition } from "./machine.ts";

const edges = ({ x, y, width, height }: DrawnPart) => ({
  left: x - width / 2,
  right: x + width / 2,
  top: y - height / 2,
  bottom: y + height / 2,
});

for (const [name, read] of [
  ["a small state machine", async () => definition],
  [
    "the deploy state machine as it is packaged",
    async () => (await readPackaged()).machines.deploy.definition,
  ],
  [
    "the certificate state machine as it is packaged",
    async () => (await readPackaged()).machines.certificate.definition,
  ],
] as const) {
  describe(`the picture of ${name}`, () => {
    let picture: Picture;
    before(async () => {
      picture = pictureOf(await read());
    });

    it("has every Task state, each where nothing else is", () => {
      for (const [i, one] of picture.parts.entries()) {
        for (const other of picture.parts.slice(i + 1)) {
          const [a, b] = [edges(one), edges(other)];
          const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
          assert.ok(apart, `${one.name} and ${other.name} overlap`);
        }
      }
    });

    it("lies within its size, ways too", () => {
      const { width, height, parts, ways } = picture;
      const within = (x: number, y: number) => x >= 0 && x <= width && y >= 0 && y <= height;
      for (const part of parts) {
        const { left, right, top, bottom } = edges(part);
        assert.ok(within(left, top) && within(right, bottom), part.name);
      }
      for (const { points, from, to } of ways) {
        assert.ok(points.length >= 2 && points.every(({ x, y }) => within(x, y)), `${from} → ${to}`);
      }
    });

    it("goes down: what leads on ends below its beginning", () => {
      for (const { from, to, back, points } of picture.ways) {
        const [start, end] = [points[0]?.y ?? 0, points.at(-1)?.y ?? 0];
        assert.equal(end < start, back, `${from} → ${to}`);
      }
    });
  });
}
