using System;

class Program
{
    static void Main()
    {
        for (;;) Console.WriteLine(new string('x', 1000));
    }
}
