#!/usr/bin/env node
/* Starts the command line. Plain old JavaScript, so that a Node that is too old can still say what is missing. */
var needed = 24;
if (parseInt(process.versions.node, 10) < needed) {
  console.error('holdfast: needs Node.js ' + needed + ' or newer, this is ' + process.versions.node);
  process.exitCode = 1;
} else {
  import('node:module').then(function (module) {
    // a folder of the user's own: what lies in it is run
    var home = process.env.HOME && process.env.HOME + '/.cache';
    var caches = process.env.XDG_CACHE_HOME || process.env.LOCALAPPDATA || home;
    if (caches) module.enableCompileCache(caches + '/holdfast/compiled');
    return import('node:os')
      .then(function (os) {
        // compression runs in libuv's pool of threads, which are four whatever the machine has
        if (os.availableParallelism() > 4 && !process.env.UV_THREADPOOL_SIZE)
          process.env.UV_THREADPOOL_SIZE = String(os.availableParallelism());
        return import('../dist/cli/main.js');
      })
      .then(function (cli) {
        return cli.main(process.argv.slice(2));
      });
  });
}
