/** First backup to a MinIO on the same machine, which is started anew for each run. */
import { startMinio } from '../test/support/minio.ts';
import { s3Access } from '../test/support/s3-server.ts';
import { alternating, type Bench, settle, warm } from './bench.ts';
import { measure, perform } from './measure.ts';
import { createCollector, type ScenarioResult } from './result.ts';

export async function measureS3(bench: Bench): Promise<ScenarioResult> {
  const { tree, runs } = bench.options;
  const collector = createCollector();
  await warm(tree);
  const able = bench.programs.filter((program) => program.s3 === true);
  for (const { item: program, run } of alternating(able, runs)) {
    const server = await startMinio();
    try {
      const { repository, env } = s3Access(server, 'bench', program.name);
      const place = { ...bench.freshPlace(program, env), repository };
      for (const command of program.init(place)) await perform(command);
      await settle();
      const measurement = await measure(program.backup(place, tree, run));
      collector.add(program.name, measurement);
      bench.say(
        `${program.name.padEnd(9)} s3       ${measurement.seconds.toFixed(2)} s  ` +
          `cpu ${measurement.cpuSeconds.toFixed(2)} s  peak ${measurement.peakMiB.toFixed(0)} MiB`,
      );
    } finally {
      await server.stop();
    }
  }
  return collector.result('First backup to MinIO on the same machine', `\`${tree}\`.`, bench.versions);
}
