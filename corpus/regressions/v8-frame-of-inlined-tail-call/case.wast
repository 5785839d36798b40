;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Function 1 made a tail call to function 2, and that to function 3, so that 3 is active and 0 waits for it.
;; TurboFan inlines 1 and 2 into 0. What stays of the second tail call is a call, the place of which is told as
;; inside of 1, which is active no more: `Error.stack` has it between 3 and 0. Liftoff tells what there is.

(module
  (table 1 funcref)
  (elem (i32.const 0) func $traps)
  (func (export "f")
    call $first
  )
  (func $first
    return_call $second
  )
  (func $second
    i32.const 0
    return_call_indirect
  )
  (func $traps
    unreachable
  )
)

(assert_trap (invoke "f") "unreachable")

;; end
