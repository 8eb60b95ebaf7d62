// Memory outside of the heap that the interpreter watches.
const held = [];
for (;;) held.push(Buffer.alloc(1 << 24, 1));
