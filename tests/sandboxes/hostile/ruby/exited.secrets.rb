# beside: a secret
require "socket"
found = ENV.keys - %w[PATH HOME LANG]
%w[/proc/1/environ /proc/1/mem /etc/shadow /run/docker.sock].each { |path| (File.read(path, 10); found << path) rescue nil }
%w[/tmp /dev/shm].each { |folder| found << folder unless Dir.empty?(folder) }
[["127.0.0.1", 80], ["1.1.1.1", 443], ["::1", 80]].each { |host, port| (TCPSocket.new(host, port); found << host) rescue nil }
ObjectSpace.each_object(String) { |text| found << "memory" if text.b.match?(/canary-[0-9a-f]{16}/n) }
puts found.empty? ? "held" : found.inspect
