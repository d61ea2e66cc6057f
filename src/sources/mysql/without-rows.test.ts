import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherWithoutRows } from './without-rows.ts';

test('lines of rows are left out, however the dump is cut', () => {
  const dump =
    'CREATE TABLE `a` (\n;\n\nINSERT INTO `a` VALUES (1,"\\n"),\nINSERT INTO `a`;\nINSERT\nINSERT INTO b;\n-- end\n';
  for (let size = 1; size <= dump.length; size++) {
    const gathered = gatherWithoutRows();
    const bytes = Buffer.from(dump);
    for (let at = 0; at < bytes.length; at += size) {
      // what was given is used again
      const piece = Buffer.from(bytes.subarray(at, at + size));
      gathered.update(piece);
      piece.fill(0);
    }
    assert.equal(gathered.text().toString(), 'CREATE TABLE `a` (\n;\n\nINSERT\n-- end\n');
  }
});

test('rows of several lines are left out whole, and programs stay', () => {
  const program =
    'DELIMITER ;;\nCREATE PROCEDURE p()\nbegin\nINSERT INTO a VALUES\n(1);\nend ;;\nDELIMITER ;\n';
  const dump = `CREATE TABLE a (\n);\nINSERT INTO a VALUES\n(1,'x;'),\n(2,'');\n-- b\n${program}INSERT INTO b VALUES (1);\n-- end\n`;
  for (let size = 1; size <= dump.length; size++) {
    const gathered = gatherWithoutRows();
    for (let at = 0; at < dump.length; at += size) gathered.update(Buffer.from(dump.slice(at, at + size)));
    assert.equal(gathered.text().toString(), `CREATE TABLE a (\n);\n-- b\n${program}-- end\n`);
  }
});
