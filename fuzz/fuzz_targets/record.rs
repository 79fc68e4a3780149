//! Records as the queue's files hold them: any bytes are a record or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_event::Record;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = Record::decode(bytes) else { return };
    let mut json = String::new();
    record.event().push_unmapped_json(&mut json);
    for (field, cell) in record.event().cells() {
        std::hint::black_box((field, cell));
    }
});
