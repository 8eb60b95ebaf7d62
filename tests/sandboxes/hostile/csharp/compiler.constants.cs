// Constants that are made of each other, and grow.
class Program
{
    const string A = "01234567890123456789012345678901234567890123456789";
    const string B = A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A;
    const string C = B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B;
    const string D = C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C;
    const string E = D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D;
    const string F = E + E + E + E + E + E + E + E + E + E + E + E + E + E + E + E + E + E + E + E;
    const string G = F + F + F + F + F + F + F + F + F + F + F + F + F + F + F + F + F + F + F + F;
    static void Main() { System.Console.WriteLine(G.Length); }
}
