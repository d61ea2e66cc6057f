import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOfName, kindOfValues, type PersonalKind } from './personal-kind.ts';

test('names of columns', () => {
  const cases: readonly (readonly [string, PersonalKind | undefined, string?])[] = [
    ['email', 'e-mail address'],
    ['userEmail', 'e-mail address'],
    ['E-Mail', 'e-mail address'],
    ['mailing_list_id', undefined],
    ['first_name', 'first name'],
    ['lastName', 'last name'],
    ['surname', 'last name'],
    ['username', 'login name'],
    ['file_name', undefined],
    ['name', undefined, 'products'],
    ['name', 'name', 'customers'],
    ['customer_name', 'name', 'orders'],
    ['mobile', 'phone number'],
    ['dob', 'birthday'],
    ['date_of_birth', 'birthday'],
    ['iban', 'bank account'],
    ['card_number', 'card number'],
    ['passwordHash', 'secret'],
    ['ip', 'network address'],
    ['zip', 'postcode'],
    ['zipped', undefined],
    ['street_1', 'street'],
    ['company', undefined],
    ['pan', 'card number'],
    ['panel', undefined],
    ['notes', 'free text'],
    ['capacity', undefined],
    ['status', undefined],
  ];
  for (const [name, kind, table = 'things'] of cases) assert.equal(kindOfName(name, table), kind, name);
});

test('values', () => {
  const cases: readonly (readonly [readonly string[], PersonalKind | undefined])[] = [
    [['ada@example.org', 'bob.x+y@mail.example.fi', ''], 'e-mail address'],
    [['FI21 1234 5600 0007 85', 'DE89370400440532013000', 'GB82WEST12345698765432'], 'bank account'],
    [['FI2112345600000786'], undefined],
    [['4111 1111 1111 1111', '5500-0000-0000-0004', '378282246310005'], 'card number'],
    [['4111111111111112', '1234567890123'], undefined],
    [['+358 40 123 4567', '(0)20 7946 0958', '0401234567'], 'phone number'],
    [['01.02.2026', '2026-01-02', '12345', '0.123456'], undefined],
    [['192.0.2.1', '10.0.0.254'], 'network address'],
    [['2001:db8::1', 'fe80::1'], 'network address'],
    [['12:30', '1.2.3', '300.1.1.1'], undefined],
    [['131052-308T', '010100A123X'], 'identity number'],
    [['123-45-6789'], 'identity number'],
    [['Anna Virtanen', 'John Smith', 'Grace Hopper', 'Ada Lovelace'], 'name'],
    [['New York', 'Red Apple', 'Green House'], undefined],
    [['anna', 'Peter', 'Mikko'], 'first name'],
    [['Mannerheimintie 5', '12 Baker Street', 'Hauptstraße 7'], 'street'],
    [['please write to ada@example.org', 'nothing', 'here'], 'free text'],
    [['a', 'b', '17'], undefined],
    [[], undefined],
  ];
  for (const [values, kind] of cases) assert.equal(kindOfValues(values)?.kind, kind, values.join(', '));
});
