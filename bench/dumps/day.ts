/** What happens to a database between two nights. */
import type { DumpDatabase } from './database.ts';

export interface Day {
  /** as the report calls the night after it */
  readonly what: string;
  readonly change: (database: DumpDatabase) => Promise<void>;
}

/** The first days, each of one kind; later ones are ordinary. */
export const days: readonly Day[] = [
  { what: 'first night', change: async () => {} },
  { what: 'nothing changed', change: async () => {} },
  { what: '1% appended', change: (database) => database.append(0.01) },
  { what: '1% changed, neighbours', change: (database) => database.changeNeighbours(0.01) },
  { what: '1% changed, scattered', change: (database) => database.changeScattered(0.01) },
];

/** What a shop that is open does. */
export const ordinaryDay: Day = {
  what: '1% appended, 0.1% changed, scattered',
  async change(database) {
    await database.append(0.01);
    await database.changeScattered(0.001);
  },
};
