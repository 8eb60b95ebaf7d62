// Threads in the foreground and a last word that never ends.
using System.Threading;

class Program
{
    ~Program() { while (true) { } }

    static void Main()
    {
        for (var i = 0; i < 20; i++) new Thread(() => { while (true) { } }).Start();
    }
}
