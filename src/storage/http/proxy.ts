/** The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for a server, read as Go's programs and with them restic read them. */
import { BlockList, isIP } from 'node:net';
import { Agent, ProxyAgent } from 'undici';
import type { Dispatcher, buildConnector } from 'undici';
import { HoldfastError } from '../../kernel/errors.ts';

/** Variables of a process, or what stands for them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Proxy {
  /** `http://host:port`, without name and password */
  readonly origin: string;
  /** host and port, for messages */
  readonly name: string;
  /** value of the header Proxy-Authorization */
  readonly token: string | undefined;
}

/** The proxy for `host` (with its port, where that is not the usual one); undefined when none is to be asked. Code `usage`. */
export function proxyFor(environment: Environment, secure: boolean, host: string): Proxy | undefined {
  const variable = secure ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const text = setting(environment, variable);
  if (text === undefined || isExcepted(host, secure, setting(environment, 'NO_PROXY') ?? '')) {
    return undefined;
  }
  const url = URL.parse(/^[a-z][a-z0-9]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.host === '') {
    // Not the text itself: a password may be in it.
    throw new HoldfastError('usage', `${variable} is not the URL of an HTTP proxy`, {
      hint: 'it must look like http://host:port or http://name:password@host:port',
    });
  }
  const { username, password } = url;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    origin: url.origin,
    name: url.host,
    token: username === '' ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`,
  };
}

/** TLS goes through a tunnel; plain requests are handed to the proxy whole, for many forbid tunnels to such ports. */
export function throughProxy(
  proxy: Proxy,
  secure: boolean,
  options: Agent.Options,
  tls: buildConnector.BuildOptions,
): Dispatcher {
  const { origin, token } = proxy;
  if (secure) {
    const connect = { ...options.connect, ...tls };
    return new ProxyAgent({
      ...options,
      uri: origin,
      requestTls: tls,
      proxyTls: connect,
      ...(token && { token }),
    });
  }
  const authorization = token === undefined ? {} : { 'proxy-authorization': token };
  return new Agent(options).compose((dispatch) => (request, handler) => {
    const headers = { ...(request.headers as Record<string, string>), ...authorization };
    return dispatch(
      { ...request, origin, path: `${String(request.origin)}${request.path}`, headers },
      handler,
    );
  });
}

function setting(environment: Environment, name: string): string | undefined {
  return environment[name] || environment[name.toLowerCase()] || undefined;
}

/** This machine itself, and whatever NO_PROXY lists: names (with what is below them), addresses, networks, `*`. */
function isExcepted(host: string, secure: boolean, list: string): boolean {
  const { name, port } = splitHost(host.toLowerCase());
  if (name === 'localhost') return true;
  const family = isIP(name) === 6 ? 'ipv6' : 'ipv4';
  const isAddress = isIP(name) !== 0;
  if (isAddress && loopback.check(name, family)) return true;
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => {
      if (entry === '') return false;
      if (entry === '*') return true;
      const network = /^(.*)\/(\d{1,3})$/.exec(entry);
      if (network) return isAddress && inNetwork(name, family, network[1]!, Number(network[2]));
      const excepted = splitHost(entry);
      if (excepted.port !== undefined && excepted.port !== (port ?? (secure ? '443' : '80'))) return false;
      const domain = excepted.name.replace(/^\*(?=\.)/, '');
      if (domain.startsWith('.')) return name.endsWith(domain);
      return name === domain || (!isAddress && name.endsWith(`.${domain}`));
    });
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function inNetwork(address: string, family: 'ipv4' | 'ipv6', base: string, bits: number): boolean {
  const kind = isIP(base);
  if (kind === 0 || bits > (kind === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, bits, kind === 6 ? 'ipv6' : 'ipv4');
  return list.check(address, family);
}

/** Host and port, the brackets of an IPv6 address removed. */
function splitHost(text: string): { name: string; port: string | undefined } {
  if (isIP(text) === 6) return { name: text, port: undefined };
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text);
  return { name: match?.[1] ?? match?.[2] ?? text, port: match?.[3] };
}
