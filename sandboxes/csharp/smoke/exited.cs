using System;

class Program
{
    static void Main()
    {
        Console.WriteLine("ok " + int.Parse(Console.ReadLine()));
    }
}
