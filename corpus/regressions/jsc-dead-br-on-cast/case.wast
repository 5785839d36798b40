;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; As in jsc-dead-br-on-null, for br_on_cast and br_on_cast_fail, which JavaScriptCore reads in
;; another place: "br / br_if's target 1 exceeds control stack size 1". Labels are counted alike in
;; live and in dead code (Core 3.0, validation of br_on_cast; appendix "Validation Algorithm").

(module
  (func (export "f") (result externref)
    ref.null extern
    return
    block (result externref)
      ref.null extern
      br_on_cast 1 externref (ref extern)
    end
  )
)

(assert_return (invoke "f") (ref.null extern))

;; end
