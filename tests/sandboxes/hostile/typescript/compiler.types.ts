// Types that count: each step doubles.
type Double<T extends unknown[]> = [...T, ...T];
type Power<N extends unknown[], T extends unknown[] = [0]> = N extends [unknown, ...infer R] ? Power<R, Double<T>> : T;
type Many = Power<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]>;
type Letters = "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j";
type Words = `${Letters}${Letters}${Letters}${Letters}${Letters}${Letters}${Letters}`;
const word: Words = "z";
const many: Many["length"] = 5;
