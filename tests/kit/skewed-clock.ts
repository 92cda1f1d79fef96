/** NODE_OPTIONS of a function whose clock is wrong by so many milliseconds. */
export function skewedClock(ms: number): string {
  const skewed = `const Right = Date;
    globalThis.Date = class extends Right {
      constructor(...given) { given.length === 0 ? super(Right.now() + ${ms}) : super(...given); }
      static now() { return Right.now() + ${ms}; }
    };`;
  return `--import=data:text/javascript,${encodeURIComponent(skewed)}`;
}
