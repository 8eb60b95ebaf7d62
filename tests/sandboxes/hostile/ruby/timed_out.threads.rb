8.times { Thread.new { loop {} } }
8.times { fork { loop {} } rescue nil }
at_exit { sleep }
