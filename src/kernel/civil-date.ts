/** Days and dates of the Gregorian calendar, without a time zone; years begin in March, so that leap days come last. */

/** Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01. */
export function civilDate(day: number): { year: number; month: number; day: number } {
  const era = Math.floor((day + 719_468) / 146_097);
  const dayOfEra = day + 719_468 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** Days from 1970-01-01; months and days beyond their range carry over, as in 31 February. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1);
  const y = Math.floor(months / 12) - (months - Math.floor(months / 12) * 12 < 2 ? 1 : 0);
  const m = months - Math.floor(months / 12) * 12;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (m > 1 ? m - 2 : m + 10) + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468 + (day - 1);
}
