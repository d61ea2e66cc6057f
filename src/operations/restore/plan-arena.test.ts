import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { testNode } from '../../testing/small-repository.ts';
import { goMode, toGoMode } from '../../vaults/repository/format/go-mode.ts';
import { creation, fileState, PlanArena } from './plan-arena.ts';

const arena = () => new PlanArena(new SharedArrayBuffer(1 << 20));
const time = fc.record({
  sec: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  nsec: fc.integer({ min: 0, max: 999_999_999 }),
  offset: fc.constant(0),
});

test('records give back what was put in, read through other views of the memory', () => {
  const plan = arena();
  const entry = fc.record({
    name: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    mode: fc.integer({ min: 0, max: 0o7777 }).map((mode) => toGoMode(mode)),
    mtime: time,
    atime: time,
    uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    user: fc.string({ maxLength: 20 }),
    group: fc.string({ maxLength: 20 }),
    size: fc.integer({ min: 0, max: 2 ** 50 }),
    xattrs: fc.array(
      fc.record({ name: fc.string({ minLength: 1, unit: 'grapheme' }), value: fc.uint8Array() }),
      { maxLength: 3 },
    ),
  });
  const entries = fc.array(fc.integer({ min: 0, max: 2 ** 27 }), { maxLength: 5 });
  fc.assert(
    fc.property(entry, entries, fc.uint8Array(), fc.boolean(), (fields, blobs, location, withNames) => {
      plan.clear();
      const directory = plan.addDirectory(location);
      const node = testNode('', fields);
      const ref = plan.add(node, fields.name, directory, blobs, withNames);
      assert.ok(
        plan.used <=
          PlanArena.sizeOf({ ...node, content: new Uint8Array(32 * blobs.length) }, fields.name) +
            location.length +
            16,
      );
      const other = new PlanArena(plan.shared);
      assert.deepEqual([...other.location(directory)], [...location]);
      assert.deepEqual([...other.name(ref)], [...fields.name]);
      assert.equal(other.size(ref), fields.size);
      assert.deepEqual(
        blobs.map((_, i) => other.entry(ref, i)),
        blobs,
      );
      const found = other.metadata(ref);
      const { user, group } = withNames ? fields : { user: '', group: '' };
      const { sec, nsec } = fields.mtime;
      assert.deepEqual(
        { ...found, xattrs: found.xattrs.map(({ name, value }) => ({ name, value: [...value] })) },
        {
          permissions: found.permissions,
          ...{ uid: fields.uid, gid: fields.gid, user, group, mtime: { sec, nsec } },
          atime: { sec: fields.atime.sec, nsec: fields.atime.nsec },
          xattrs: fields.xattrs.map(({ name, value }) => ({ name, value: [...value] })),
        },
      );
      assert.equal(toGoMode(found.permissions), fields.mode);
    }),
    { numRuns: 300 },
  );
});

test('link targets and device numbers of 64 bits', () => {
  const plan = arena();
  const root = plan.addDirectory(new Uint8Array(0));
  const link = testNode('l', {
    type: 'symlink',
    mode: goMode.symlink,
    linktarget: Buffer.from([0xff, 0x2f, 0x61]),
  });
  const ref = plan.add(link, link.name, root, [], false);
  assert.deepEqual([...plan.linkTarget(ref)], [0xff, 0x2f, 0x61]);
  assert.equal(plan.type(ref), 'symlink');
  const device = testNode('d', { type: 'chardev', device: 0xfedcba9876543210n });
  assert.equal(plan.device(plan.add(device, device.name, root, [], false)), 0xfedcba9876543210n);
});

test('states, matches and the last blob', () => {
  const plan = arena();
  const node = testNode('f', { size: 3 });
  const ref = plan.add(node, node.name, plan.addDirectory(Buffer.from('a/b')), [5, 6, 7], false);
  assert.equal(Buffer.from(plan.path(ref)).toString(), 'a/b/f');
  assert.equal(plan.state(ref), fileState.absent);
  plan.markMatched(ref, 1);
  assert.deepEqual(
    [0, 1, 2].map((i) => plan.isMatched(ref, i)),
    [false, true, false],
  );
  assert.equal(plan.entry(ref, 1), 6);
  plan.clearMatches(ref);
  assert.equal(plan.isMatched(ref, 1), false);
  plan.setRemaining(ref, 2);
  assert.deepEqual([plan.countDown(ref), plan.countDown(ref)], [false, true]);
  assert.deepEqual([plan.setFailed(ref), plan.setFailed(ref), plan.hasFailed(ref)], [true, false, true]);
  assert.equal(plan.claimCreation(ref), true);
  plan.created(ref, creation.done);
  assert.equal(plan.claimCreation(ref), false);
  plan.clear();
  assert.equal(plan.used, 4);
  assert.ok(plan.words.subarray(0, 64).every((word) => word === 0));
});

test('a plan that does not fit says so', () => {
  const plan = new PlanArena(new SharedArrayBuffer(64));
  assert.throws(() => plan.addDirectory(new Uint8Array(100)), { code: 'failed' });
});
