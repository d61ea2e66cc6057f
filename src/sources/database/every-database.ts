/** True for a URL such as `postgres://host/*`: all databases of a server. One that is really called `*` is written `%2A`. */
export function meansEveryDatabase(url: string): boolean {
  return /^\w+:\/\/[^/?#]*\/\*(?:[?#]|$)/.test(url);
}
