/** Tells what kind of personal data a value or a column's name looks like. A guess: somebody looks at what comes of it. */

export type PersonalKind =
  | 'e-mail address'
  | 'phone number'
  | 'bank account'
  | 'card number'
  | 'identity number'
  | 'network address'
  | 'name'
  | 'first name'
  | 'last name'
  | 'address'
  | 'street'
  | 'city'
  | 'postcode'
  | 'birthday'
  | 'secret'
  | 'login name'
  | 'picture'
  | 'pay'
  | 'location'
  | 'free text';

/** Words of a column's name, joined by underscores; the first that fits counts. */
const nameHints: readonly (readonly [RegExp, PersonalKind])[] = [
  [/e_?mail|(?:^|_)mail(?:_|$)|mail_?addr/, 'e-mail address'],
  [
    /password|passwd|pwd|passphrase|secret|(?:^|_)(?:api|auth|access|refresh)_?(?:key|token)|(?:^|_)token|session_?(?:id|key)|(?:^|_)salt(?:_|$)|cookie/,
    'secret',
  ],
  [/(?:first|given|fore|middle)_?name|vorname|prenom|etunimi|fornamn/, 'first name'],
  [/(?:last|family|sur|maiden)_?name|nachname|sukunimi|efternamn/, 'last name'],
  [/user_?name|login|nick_?name|(?:^|_)nick(?:_|$)|screen_?name|account_?name/, 'login name'],
  [/phone|mobile|(?:^|_)(?:tel|fax|gsm|cell|msisdn)(?:_|$)|telefon|puhelin/, 'phone number'],
  [/(?:^|_)iban|bank_?account|account_?(?:number|no)(?:_|$)|konto|tilinumero/, 'bank account'],
  [/card_?(?:number|no|num)(?:_|$)|credit_?card|(?:^|_)pan(?:_|$)|cc_?num/, 'card number'],
  [
    /(?:^|_)(?:ssn|hetu|nino|bsn|cpf|tfn)(?:_|$)|social_?sec|national_?id|personal_?(?:id|code|number)|passport|tax_?(?:id|number)|personnummer|(?:driver|driving)s?_?licen/,
    'identity number',
  ],
  [/(?:^|_)ip(?:v?[46])?(?:_|$)|ip_?addr|remote_?(?:addr|host)/, 'network address'],
  [/birth|(?:^|_)(?:dob|born)(?:_|$)|geburt|syntym/, 'birthday'],
  [/street|(?:^|_)addr(?:ess)?_?(?:line)?_?\d|strasse|katuosoite/, 'street'],
  [/(?:^|_)(?:address|addr|adresse|osoite|residence)(?:_|$)/, 'address'],
  [/post_?(?:al_?)?code|(?:^|_)zip(?:_?code)?(?:_|$)|(?:^|_)plz(?:_|$)|postinumero/, 'postcode'],
  [/(?:^|_)(?:city|town|municipality|kaupunki|ort|stadt)(?:_|$)/, 'city'],
  [/photo|picture|portrait|avatar|signature|fingerprint|(?:^|_)scan(?:_|$)/, 'picture'],
  [/salary|(?:^|_)(?:pay|wage|income)(?:_|$)/, 'pay'],
  [/(?:^|_)(?:lat|lon|lng|latitude|longitude)(?:_|$)/, 'location'],
  [
    /(?:full|display|real|contact|customer|client|person|patient|employee|student|member|author|owner|recipient|sender|beneficiary|cardholder|holder)_?name|(?:^|_)cardholder/,
    'name',
  ],
  [
    /(?:^|_)(?:notes?|comments?|remarks?|memo|bio|biography|message|body|feedback|complaint|diagnosis)(?:_|$)/,
    'free text',
  ],
];

const personTables =
  /user|person|people|customer|client|employee|staff|contact|patient|student|pupil|teacher|member|guest|author|owner|subscriber|applicant|candidate|donor|tenant|driver|citizen|participant|profile/;

/** What the name of a column says; `within` is the name of its table, or of what it is a part of. */
export function kindOfName(name: string, within: string): PersonalKind | undefined {
  const words = snakeCase(name);
  const found = nameHints.find(([pattern]) => pattern.test(words))?.[1];
  if (found) return found;
  const named = /^(?:name|label|title|nimi|namn|nom)$/.test(words) && personTables.test(snakeCase(within));
  return named && words !== 'title' && words !== 'label' ? 'name' : undefined;
}

function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll(/[^\p{L}\d]+/gu, '_')
    .toLowerCase();
}

const email = /^[^\s@"'<>()]+@[^\s@"'<>()]+\.[^\s@"'<>()]+$/;
const emailWithin = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/;
const phone = /^(?:\+|00|\(|0)[\d ()./-]{5,20}\d$/;
const numericDate = /^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}/;
const internet =
  /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|(?:\/\d+)?$)){4}$|^(?=.*:.*:)[\da-f:]{3,39}(?:\/\d+)?$/i;
const identity = /^\d{6}[-+ABCDEFYXWVU]\d{3}[\dA-Y]$|^\d{3}-\d{2}-\d{4}$|^(?:19|20)?\d{6}[-+]\d{4}$/;
const street =
  /(?:\b(?:street|road|lane|avenue|boulevard|drive|rue|via|calle|plaza|rd|ave)\b|(?:stra(?:ss|ß)e|str\.|gatan|vägen|katu|tie|kuja|weg|platz|straat|gasse)\b)/iu;
const personName = /^\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'.’-]*){1,3}$/u;

/** Frequent ones of several countries: few of them are words of anything else. */
const frequentNames = new Set(
  `aino alice amelia amir ana andrea andreas anna anne anneli antti antonio arthur astrid ben benjamin bjorn carlos carmen
  charlotte chen christian christina claire clara daniel david diego elena elias elisabeth ella emil emily emma eric erik
  eva fatima felix fiona francesco frank gabriel george grace gustav hanna hannah hans harry heikki helena helmi henrik
  ingrid isabella ivan jack jacob jakob james jan jane jari javier jean jennifer jessica johan johanna john jonas jose
  joseph juan juha jukka julia juan karl karin kari katarina kim lars laura lea lena leo leon lewis liam linda lisa louis
  lucas lucia luis maija malin marco maria marie mario mark markus marta martin mary matias matthew matti max mette michael
  miguel mika mikael mikko minna mohammed muhammad nadia nicole niko nina noah nora oliver olivia olga oscar patricia paul
  paula pedro pekka peter petra philip pierre pirjo rachel ritva robert rosa ruth samuel sandra sara sarah sari sebastian
  sergey silvia simon sofia sophie stefan susan svetlana tapani teemu thomas tiina timo tom tomas tuula ursula veikko ville
  vladimir walter wei william xavier yusuf zoe`.split(/\s+/),
);

/** What the values of one column look like, in words that say how many; `values` are not empty. */
export function kindOfValues(
  values: readonly string[],
): { readonly kind: PersonalKind; readonly share: number } | undefined {
  if (values.length === 0) return undefined;
  const share = (test: (value: string) => boolean): number => values.filter(test).length / values.length;
  for (const [kind, test, least] of tests) {
    const found = share(test);
    if (found >= least) return { kind, share: found };
  }
  const first = share((value) => frequentNames.has(firstWord(value)) && personName.test(value));
  if (first >= 0.1 && share((value) => personName.test(value)) >= 0.6) return { kind: 'name', share: first };
  const alone = share((value) => frequentNames.has(value.toLowerCase()));
  if (alone >= 0.3) return { kind: 'first name', share: alone };
  const within = share((value) => emailWithin.test(value));
  return within > 0 ? { kind: 'free text', share: within } : undefined;
}

const tests: readonly (readonly [PersonalKind, (value: string) => boolean, number])[] = [
  ['e-mail address', (value) => email.test(value), 0.5],
  ['bank account', isIban, 0.5],
  ['card number', isCardNumber, 0.5],
  ['identity number', (value) => identity.test(value), 0.5],
  ['network address', (value) => internet.test(value), 0.5],
  ['phone number', isPhone, 0.5],
  ['street', (value) => /\d/.test(value) && street.test(value) && value.length < 80, 0.4],
];

function firstWord(value: string): string {
  return (value.split(' ', 1)[0] ?? '').toLowerCase();
}

function isPhone(value: string): boolean {
  const digits = value.replaceAll(/\D/g, '').length;
  return phone.test(value) && digits >= 7 && digits <= 15 && !numericDate.test(value);
}

/** With the check digits of ISO 13616. */
function isIban(value: string): boolean {
  const text = value.replaceAll(' ', '').toUpperCase();
  if (!/^[A-Z]{2}\d{2}[A-Z\d]{11,30}$/.test(text)) return false;
  const moved = text.slice(4) + text.slice(0, 4);
  let rest = 0;
  for (const character of moved) {
    for (const digit of Number.parseInt(character, 36).toString()) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}

/** With the check digit of ISO 7812. */
function isCardNumber(value: string): boolean {
  const digits = value.replaceAll(/[ -]/g, '');
  if (!/^[2-6]\d{12,18}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = digit * 2;
    sum += i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
