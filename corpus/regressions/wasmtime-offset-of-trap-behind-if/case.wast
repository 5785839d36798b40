;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; The unreachable is the instruction that traps, two bytes behind the if. Cranelift makes of a branch
;; to a block that only traps one instruction, a trap on a condition, and gives it the place of the
;; branch: `FrameInfo::module_offset` of the backtrace is that of the if, by which a debugger shows the
;; wrong line. It is right where the if has anything else in it, and with Winch.

(module
  (func (export "f") (param i32)
    local.get 0
    if
      unreachable
    end
  )
)

(assert_trap (invoke "f" (i32.const 1)) "unreachable")

;; end
