/** Settings as they may be shown to whoever looks over a shoulder. */
import { parseSecretReference } from '../kernel/secret.ts';

/**
 * References to secrets are shown, as they give nothing away; of a URL that is posted to, only where it leads: many
 * services take whoever knows the rest of it for the owner.
 */
export function shownSettings(settings: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      name === 'webhook' ? shownUrl(String(value)) : (value as unknown),
    ]),
  );
}

function shownUrl(text: string): string {
  if (parseSecretReference(text)) return text;
  const url = URL.parse(text);
  return url === null || (url.pathname === '/' && url.search === '') ? text : `${url.origin}/...`;
}
