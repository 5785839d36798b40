;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;; The main module imports host functions from "assay:host", which a script cannot carry: they
;; are in the header, and a runner of scripts alone cannot instantiate the module.
;;
;; Function 1 calls the host in its own place. When the host returns, execution must go on behind the
;; call of function 1. wasmi takes the process down instead, by a wild read: it goes on with what is left
;; of the frame of function 1. With a plain call, and where function 1 is called from outside, all is well.

(module
  (import "assay:host" "0" (func))
  (func
    return_call 0
  )
  (func (export "f") (result i32)
    call 1
    i32.const 5
  )
)

(assert_return (invoke "f") (i32.const 5))

;; end
