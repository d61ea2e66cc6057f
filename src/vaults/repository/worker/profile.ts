/** Where the time goes: seconds by stage, summed over the threads that take part. Costs nothing when it is off. */

/** Milliseconds by stage. */
export type Profile = Record<string, number>;

const nothing = () => {};

/** Starts a stage; the returned function ends it. */
export function openStage(profile: Profile | undefined, stage: string): () => void {
  if (!profile) return nothing;
  const start = performance.now();
  return () => {
    profile[stage] = (profile[stage] ?? 0) + performance.now() - start;
  };
}

/** Adds the stages of one thread to those of all. */
export function addProfile(into: Profile, from: Profile): void {
  for (const [stage, ms] of Object.entries(from)) into[stage] = (into[stage] ?? 0) + ms;
}
