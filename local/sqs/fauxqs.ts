import type { PersistenceManager as PersistenceManagerType } from "../../node_modules/fauxqs/dist/persistence.js";
import type { SnsStore as SnsStoreType } from "../../node_modules/fauxqs/dist/sns/snsStore.js";
import type { SqsQueue, SqsStore as SqsStoreType } from "../../node_modules/fauxqs/dist/sqs/sqsStore.js";

/**
 * The parts of fauxqs that its package root does not export, in one typed place. They are resolved from the
 * package's own entry, so they are those that `buildApp` uses.
 */
const entry = import.meta.resolve("fauxqs");

async function part<T>(path: string): Promise<T> {
  return (await import(new URL(path, entry).href)) as T;
}

interface SqsModule {
  readonly SqsStore: typeof SqsStoreType;
}
interface SnsModule {
  readonly SnsStore: typeof SnsStoreType;
}
interface PersistenceModule {
  readonly PersistenceManager: typeof PersistenceManagerType;
}

export const { SqsStore } = await part<SqsModule>("./sqs/sqsStore.js");
export const { SnsStore } = await part<SnsModule>("./sns/snsStore.js");
export const { PersistenceManager } = await part<PersistenceModule>("./persistence.js");
export type { PersistenceManagerType, SnsStoreType, SqsQueue, SqsStoreType };
