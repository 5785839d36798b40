;; What neither the official suite nor generated cases show of the interpreter. It is to be run with
;; a collection at every object that is made.

;; Types that refer to themselves are not those that refer to each other.
(module
  (rec (type $a (struct (field (ref null $a)))) (type $b (struct (field (ref null $b)))))
  (rec (type $c (struct (field (ref null $d)))) (type $d (struct (field (ref null $c)))))
  (func (export "same") (result i32) (ref.test (ref $c) (struct.new_default $a)))
)
(assert_return (invoke "same") (i32.const 0))

;; What only a field, an element, or an exception holds outlives a collection.
(module
  (type $box (struct (field i32)))
  (type $pair (struct (field (ref null $box)) (field (ref null $box))))
  (type $list (array (ref null $box)))
  (tag $boxed (param (ref $box)))
  (global $pair (mut (ref null $pair)) (ref.null $pair))
  (global $list (mut (ref null $list)) (ref.null $list))

  (func $make_others
    (drop (struct.new $box (i32.const 1)))
    (drop (struct.new $box (i32.const 2)))
    (drop (struct.new $box (i32.const 3)))
  )
  (func (export "field") (result i32)
    (global.set $pair (struct.new $pair (ref.null $box) (struct.new $box (i32.const 7))))
    (call $make_others)
    (struct.get $box 0 (struct.get $pair 1 (global.get $pair)))
  )
  (func (export "element") (result i32)
    (global.set $list (array.new_fixed $list 1 (struct.new $box (i32.const 7))))
    (call $make_others)
    (struct.get $box 0 (array.get $list (global.get $list) (i32.const 0)))
  )
  (func $caught (result exnref)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (throw $boxed (struct.new $box (i32.const 7))))
      (unreachable)
    )
  )
  (func (export "payload") (result i32)
    (local $exception exnref)
    (local.set $exception (call $caught))
    (call $make_others)
    (block $caught (result (ref $box))
      (try_table (catch $boxed $caught) (throw_ref (local.get $exception)))
      (unreachable)
    )
    (struct.get $box 0)
  )
)
(assert_return (invoke "field") (i32.const 7))
(assert_return (invoke "element") (i32.const 7))
(assert_return (invoke "payload") (i32.const 7))

;; A narrow exchange compares as much of the expected value as goes into the memory, and only a
;; shared memory can be waited on.
(module
  (memory 1 1)
  (func (export "exchange") (result i32)
    (drop (i32.atomic.rmw8.cmpxchg_u (i32.const 0) (i32.const 0x100) (i32.const 5)))
    (i32.load (i32.const 0))
  )
  (func (export "wait") (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))
  )
)
(assert_return (invoke "exchange") (i32.const 5))
(assert_trap (invoke "wait") "expected shared memory")

;; Legacy exceptions: both labels reach past the innermost block.
(module
  (tag $a)
  (tag $b)
  (func (export "delegate") (result i32)
    try $outer (result i32)
      try (result i32)
        try (result i32)
          throw $a
        delegate $outer
      catch $a
        i32.const 1
      end
    catch $a
      i32.const 2
    end
  )
  (func (export "rethrow") (result i32)
    try (result i32)
      try $first (result i32)
        throw $a
      catch $a
        try (result i32)
          throw $b
        catch $b
          rethrow $first
        end
      end
    catch $a
      i32.const 1
    catch $b
      i32.const 2
    end
  )
)
(assert_return (invoke "delegate") (i32.const 2))
(assert_return (invoke "rethrow") (i32.const 1))

;; A tag under two indices is one tag, and of two blocks that would catch the inner one does.
(module $tags
  (tag (export "tag"))
)
(register "tags" $tags)
(module
  (import "tags" "tag" (tag $first))
  (import "tags" "tag" (tag $second))
  (func (export "second") (result i32)
    (block $caught
      (try_table (catch $second $caught)
        (throw $first)
      )
    )
    (i32.const 7)
  )
  (func (export "inner") (result i32)
    (block $outer
      (try_table (catch $first $outer)
        (block $inner
          (try_table (catch $first $inner)
            (throw $first)
          )
        )
        (return (i32.const 7))
      )
    )
    (i32.const 1)
  )
)
(assert_return (invoke "second") (i32.const 7))
(assert_return (invoke "inner") (i32.const 7))

;; What only an exception in a structure holds is alive, and a handler finds what lay below its block.
(module
  (type $number (struct (field i64)))
  (type $box (struct (field exnref)))
  (tag $a (param (ref null $number)))
  (func $make (result (ref $box))
    (local $exception exnref)
    (block $caught (result (ref null $number) exnref)
      (try_table (catch_ref $a $caught)
        (throw $a (struct.new $number (i64.const 7)))
      )
      (unreachable)
    )
    (local.set $exception)
    (drop)
    (struct.new $box (local.get $exception))
  )
  (func (export "kept") (result i64)
    (local $box (ref null $box))
    (local.set $box (call $make))
    (drop (struct.new $number (i64.const 8)))
    (drop (struct.new $number (i64.const 9)))
    (block $caught (result (ref null $number))
      (try_table (catch $a $caught)
        (throw_ref (struct.get $box 0 (local.get $box)))
      )
      (unreachable)
    )
    (struct.get $number 0)
  )
  (func (export "below") (result i32)
    (i32.const 7)
    (block $caught
      (try_table (catch_all $caught)
        (throw $a (ref.null $number))
      )
    )
  )
)
(assert_return (invoke "kept") (i64.const 7))
(assert_return (invoke "below") (i32.const 7))

;; Twice as much garbage as a script has room for.
(module
  (type $bytes (array i8))
  (func (export "garbage") (result i32)
    (local $left i32)
    (local.set $left (i32.const 8))
    (loop $again
      (drop (array.new_default $bytes (i32.const 0x1000_0000)))
      (local.tee $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again)
    )
    (i32.const 7)
  )
)
(assert_return (invoke "garbage") (i32.const 7))
