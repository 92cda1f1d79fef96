/** The SDK backs off and tries again by itself; what is left after that is for the state machine's Retry. */
const options = {
  maxAttempts: 5,
  requestHandler: {
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    httpAgent: { maxSockets: 64 },
    httpsAgent: { maxSockets: 64 },
  },
};

/**
 * One client of a service for the life of the function's process, made when first used. Each service's
 * module makes its own, so that a bundle holds only the clients that its function calls.
 */
export function client<C>(Client: new (settings: typeof options) => C): () => C {
  let made: C | undefined;
  return () => {
    made ??= new Client(options);
    return made;
  };
}
