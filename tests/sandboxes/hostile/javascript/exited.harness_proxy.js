// returns: nothing
// A value that is something else each time it is looked at, and endless in the end.
function add(a, b) {
  const endless = new Proxy({}, { ownKeys: () => ["x"], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }), get: () => endless });
  return endless;
}
