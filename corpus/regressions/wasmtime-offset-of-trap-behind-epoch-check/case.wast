;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; The load is the instruction that traps, beyond all that the memory can be. With epochs a function begins
;; with a look at the deadline, and Cranelift makes of that branch and of the certain trap behind it one
;; instruction, a trap on a condition, in the place of the branch: `FrameInfo::module_offset` of the
;; backtrace is the start of the function, by which a debugger shows the wrong line. It is the same at the
;; start of a loop. Right without epochs, with fuel, and with Winch.

(module
  (memory 1 1)
  (func (export "f")
    i32.const 65529
    i64.load offset=4294967280
    drop
  )
)

(assert_trap (invoke "f") "out of bounds memory access")

;; end
