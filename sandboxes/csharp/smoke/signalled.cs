using System;

class Program
{
    static void Main()
    {
        Environment.FailFast("the end");
    }
}
