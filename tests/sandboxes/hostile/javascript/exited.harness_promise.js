// returns: nothing
// An answer that never comes is none.
function add(a, b) {
  return new Promise(() => {});
}
