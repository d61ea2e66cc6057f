import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { editDefiners } from './definers.ts';

const dump = `/*!50003 CREATE*/ /*!50017 DEFINER=\`a\`\`b\`@\`%\`*/ /*!50003 TRIGGER \`t\` BEFORE INSERT */;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`root\`@\`localhost\`*/ /*!50106 EVENT \`ev\` */ ;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE \`p\`()
begin select ' DEFINER=\`root\`@\`localhost\` '; end ;;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`root\`@\`localhost\` SQL SECURITY DEFINER */
`;

function edited(owner: string | false): string {
  return Buffer.from(editDefiners(Buffer.from(dump), owner)).toString();
}

test('another definer, where definers are told', () => {
  const text = edited('new@10.%');
  assert.equal(text.split('DEFINER=`new`@`10.%`').length - 1, 4);
  assert.equal(text.split('DEFINER=').length - 1, 5);
  assert.ok(text.includes("select ' DEFINER=`root`@`localhost` '"));
  assert.ok(edited('solo').includes('CREATE DEFINER=`solo`@`%` PROCEDURE'));
});

test('no definer: whoever runs the dump', () => {
  const text = edited(false);
  assert.equal(text.split('DEFINER=').length - 1, 1);
  assert.ok(text.includes('CREATE PROCEDURE `p`()'));
  assert.ok(text.includes('/*!50013 SQL SECURITY DEFINER */'));
});

test('a definer without a name is none', () => {
  assert.throws(
    () => edited('@host'),
    (error) => hasCode(error, 'usage'),
  );
});
