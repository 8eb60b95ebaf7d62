puts "ok #{gets.to_i}"
