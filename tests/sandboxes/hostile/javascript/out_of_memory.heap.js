const held = [];
for (;;) held.push(Buffer.allocUnsafe(1 << 20).fill(1), new Array(1000).fill({}));
