/** For those who write a storage or an operation of their own: the contract, and storages that fail on demand. */
export { createFakeClock } from './fake-clock.ts';
export type { FakeClock } from './fake-clock.ts';
export { createFaultyStorage } from './faulty-storage.ts';
export type { FaultOptions } from './faulty-storage.ts';
export { contentsOf, createDyingStorage, recordStorage } from './recording-storage.ts';
export type { RecordedOperation, RecordingStorage } from './recording-storage.ts';
export { abortedSignal, assertCode, listAll, patternBytes } from './storage-assertions.ts';
export { repositoryStorageContract } from './storage-contract-restic.ts';
export type { RepositoryContractOptions } from './storage-contract-restic.ts';
export { storageContract } from './storage-contract.ts';
export type { StorageUnderTest } from './storage-contract.ts';
