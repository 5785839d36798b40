;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Function 1 does nothing but call function 0, which never returns. Once that is inlined, no instruction of
;; function 1 has a place in the module, and Wasmtime looks for the first one that has: "index out of bounds:
;; the len is 0 but the index is 0", in wasmtime-internal-cranelift, debug/transform/simulate.rs.

(module
  (func
    unreachable
  )
  (func (export "f")
    call 0
  )
)

(assert_trap (invoke "f") "unreachable")

;; end
