// beside: a secret
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;

class Program
{
    static void Main()
    {
        var known = new[] { "PATH", "HOME", "LANG", "MONO_CONFIG", "MONO_LOG_DEST" };
        var found = Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => !known.Contains(name)).ToList();
        foreach (var path in new[] { "/proc/1/environ", "/proc/1/mem", "/etc/shadow" })
            try { File.ReadAllBytes(path); found.Add(path); } catch (Exception) { }
        foreach (var host in new[] { "127.0.0.1", "1.1.1.1" })
            try { new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp).Connect(host, 80); found.Add(host); } catch (Exception) { }
        Console.WriteLine(found.Count == 0 ? "held" : string.Join(" ", found));
    }
}
