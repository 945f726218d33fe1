/**
 * The address of the proxy for HTTPS, which Azure's traffic is, in what WinINet and WinHTTP keep: `host:port`, or one for
 * each scheme, `http=h:1;https=h:2`. As a URL; undefined where it names none.
 */
export function urlOfServer(server: string): string | undefined {
  const [ofScheme] = ['https', 'http'].flatMap(
    (scheme) => new RegExp(`(?:^|;)${scheme}=([^;]*)`).exec(server)?.[1] ?? [],
  );
  const address = server.includes('=') ? ofScheme : server;
  if (address === undefined || address === '') return undefined;
  return /^\w+:\/\//.test(address) ? address : `http://${address}`;
}
