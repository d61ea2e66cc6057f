import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaObjects } from './schema-objects.ts';

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function objectsOf(text: string): Promise<[name: string, definition: string][]> {
  const found = await Array.fromAsync(schemaObjects(once(text)));
  return found.map(({ name, definition }) => [name, definition]);
}

const settings = "/*!50003 SET sql_mode              = 'A' */ ;";

test('tables without their counters, and views without the database before their columns', async () => {
  const text = `-- MariaDB dump
/*!40101 SET NAMES utf8mb4 */;

--
-- Table structure for table \`a \`\`b\`\`\`
--

CREATE TABLE \`a \`\`b\`\`\` (
  \`id\` int(11) NOT NULL AUTO_INCREMENT
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4;

--
-- Temporary view structure for view \`v\`
--

/*!50001 CREATE VIEW \`v\` AS SELECT 1 AS \`x\` */;

--
-- Final view structure for view \`v\`
--

/*!50001 VIEW \`v\` AS select \`shop\`.\`a\`.\`x\` AS \`x\` from \`a\` */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
-- Dump completed
`;
  assert.deepEqual(await objectsOf(text), [
    [
      'TABLE a `b`',
      'CREATE TABLE `a ``b``` (\n  `id` int(11) NOT NULL AUTO_INCREMENT\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;',
    ],
    ['COLUMNS OF VIEW v', '/*!50001 CREATE VIEW `v` AS SELECT 1 AS `x` */;'],
    ['VIEW v', '/*!50001 VIEW `v` AS select `a`.`x` AS `x` from `a` */;'],
  ]);
});

test('triggers, events and routines, with the mode in which they were made', async () => {
  const text = `${settings}
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 trigger t before insert on orders for each row begin
  set new.id = 1;
end */;;
DELIMITER ;
DELIMITER ;;
/*!50003 SET sql_mode              = 'B' */ ;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`root\`@\`localhost\`*/ /*!50106 EVENT \`e e\` ON SCHEDULE EVERY 1 DAY DO delete from orders */ ;;
DELIMITER ;
DELIMITER ;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE \`p\`()
select 1 ;;
CREATE DEFINER=\`root\`@\`localhost\` FUNCTION \`p\`() RETURNS int(11)
return 1 ;;
DELIMITER ;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
`;
  const found = await objectsOf(text);
  assert.deepEqual(
    found.map(([name]) => name),
    ['TRIGGER t', 'EVENT e e', 'PROCEDURE p', 'FUNCTION p'],
  );
  assert.match(found[0]![1], /sql_mode +=/);
  assert.match(found[1]![1], /= 'B'/);
  assert.equal(found[2]![1], 'CREATE DEFINER=`root`@`localhost` PROCEDURE `p`()\nselect 1 ;;');
});

test('what a dump in one file describes is what its parts describe', async () => {
  const head = '-- MariaDB dump\n/*!40101 SET NAMES utf8mb4 */;\n';
  const schema = `${head}--\n-- Table structure for table \`a\`\n--\n\nCREATE TABLE \`a\` (\n  \`id\` int(11)\n);\n`;
  const rows =
    '--\n-- Dumping data for table `a`\n--\n\n/*!40000 ALTER TABLE `a` DISABLE KEYS */;\n/*!40000 ALTER TABLE `a` ENABLE KEYS */;\n';
  const programs = `${head}${settings}\nDELIMITER ;;\nCREATE PROCEDURE \`p\`() select 1 ;;\nDELIMITER ;\n`;
  const parts = [...(await objectsOf(schema)), ...(await objectsOf(programs))];
  assert.deepEqual(
    parts.map(([name]) => name),
    ['TABLE a', 'PROCEDURE p'],
  );
  assert.deepEqual(await objectsOf(`${schema}${rows}${programs}`), parts);
});
