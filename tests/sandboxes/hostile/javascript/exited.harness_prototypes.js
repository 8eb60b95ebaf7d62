// returns: 40
// Every prototype is polluted; the value that arrives is the one that was returned.
Object.prototype.toJSON = () => 42;
Array.prototype.toJSON = () => [42];
Number.prototype.toJSON = () => 42;
String.prototype.toJSON = () => "42";
Object.prototype.expected = 42;
Object.prototype.then = undefined;
JSON.stringify = () => "42";
JSON.parse = () => [42];
require("fs").writeSync = () => 2;
Number.isNaN = Number.isFinite = () => true;
Array.isArray = () => true;
Object.keys = () => ["x"];
function add(a, b) { return a + b - 2; }
