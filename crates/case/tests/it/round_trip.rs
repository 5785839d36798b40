//! What is written reads back as the same case.

use crate::arbitrary::case;
use assay_case::Case;
use proptest::prelude::*;
use std::path::Path;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_single_file_reads_back(case in case()) {
        let text = case.to_single().expect("it keeps the rules");
        let back = Case::parse(&text, Path::new("x.case.wast"));
        prop_assert_eq!(back.expect("it reads back"), case, "{}", text);
    }

    #[test]
    fn the_summary_is_one_line(case in case()) {
        prop_assert_eq!(case.summary().lines().count(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_folder_and_a_file_read_back(case in case()) {
        let dir = tempfile::tempdir().unwrap();
        let (folder, file) = (dir.path().join("one"), dir.path().join("two.case.wast"));
        case.write_dir(&folder).unwrap();
        case.write_file(&file).unwrap();
        prop_assert_eq!(Case::find(dir.path()).unwrap(), [folder.clone(), file.clone()]);
        prop_assert_eq!(&Case::read(&folder).unwrap(), &case);
        prop_assert_eq!(&Case::read(&folder.join("case.toml")).unwrap(), &case);
        prop_assert_eq!(&Case::read(&folder.join("case.wast")).unwrap(), &case);
        prop_assert_eq!(&Case::read(&file).unwrap(), &case);
    }

    #[test]
    fn writing_is_a_function_of_the_case(case in case()) {
        let once = case.to_single().unwrap();
        let back = Case::parse(&once, Path::new("")).unwrap();
        prop_assert_eq!(back.to_single().unwrap(), once);
    }
}
