//! What the parts of a job share.

/// Users of all kinds: some repeat, some contradict each other, some are wrong by themselves.
pub(crate) const MANIFEST_OF_PARTS: &str = "user_id,user_created_at,photo,note
u1,2021-08-12,p.jpg,first
u2,2021-08-12,p.jpg,first
u1,2021-08-12,p.jpg,again
u3,2021-08-12,p.jpg,one
u4,2021-08-12,p.jpg,one
u3,2021-08-13,p.jpg,another
,2021-08-12,p.jpg,nobody
u5,03/04/2021,p.jpg,no date
u6,2021-08-12,none.jpg,no photo
u7,2021-08-12,p.jpg,last
u8
u9,2021-08-12,p.jpg,refused
u10,2021-08-12,p.jpg,later
u3,2021-08-14,p.jpg,third
u3,2021-08-15,p.jpg,fourth
";
