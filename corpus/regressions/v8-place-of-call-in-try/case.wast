;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; The call by table is the instruction that waits. TurboFan tells the byte before the body of the function as its
;; place, where there is no instruction: it has none, and counts that, as -1, from the start of the body. Where
;; there was another call before, the place is that of that one; if that was in a function that was inlined, the
;; frame of that is shown. So it is with all calls that are not inlined, wherever they are in the `try_table`.
;; Right outside of one, and with Liftoff.

(module
  (table 1 funcref)
  (elem (i32.const 0) 1)
  (func (export "f")
    nop
    nop
    try_table (catch_all 0)
      i32.const 0
      call_indirect
    end
  )
  (func
    unreachable
  )
)

(assert_trap (invoke "f") "unreachable")

;; end
