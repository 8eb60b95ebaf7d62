# Loaded before a program in the place of RubyGems, which costs a start four times as much as all else, and which few
# programs need. It is loaded when a program names it, or requires what is in a gem and not in the standard library;
# what stands in for it here is gone then.
require "error_highlight"
require "did_you_mean"

autoload :Gem, "rubygems"

module Kernel
  plain_require = instance_method(:require)
  waiting = true
  step_aside = lambda do
    waiting = false
    define_method(:require, plain_require)
    remove_method :gem
    private :require
  end

  define_method(:require) do |name|
    step_aside.call if waiting && name == "rubygems"
    plain_require.bind_call(self, name)
  rescue LoadError
    raise unless waiting
    require "rubygems"
    require name
  end

  define_method(:gem) do |*arguments|
    require "rubygems"
    gem(*arguments)
  end
  private :require, :gem
end
