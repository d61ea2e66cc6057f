import { storageContract } from '../testing/storage-contract.ts';
import { createMemoryStorage } from './memory.ts';

storageContract('memory', async () => ({ storage: createMemoryStorage() }));
