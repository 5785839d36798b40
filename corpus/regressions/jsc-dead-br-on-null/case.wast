;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; JavaScriptCore skips dead code, and keeps no record of the blocks that begin in it but for their
;; number. It adds that number to the labels that br and br_if can have, and forgets to for
;; br_on_null and br_on_non_null: "br / br_if's target 1 exceeds control stack size 1".
;; Labels are counted alike in live and in dead code (Core 3.0, validation of br_on_null; appendix
;; "Validation Algorithm", where unreachable() changes the operands and not the control stack).

(module
  (func (export "f")
    return
    block
      ref.null any
      br_on_null 1
      drop
    end
  )
)

(assert_return (invoke "f"))

;; end
