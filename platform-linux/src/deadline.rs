//! What must happen in time.

use std::future::Future;
use std::time::Duration;

use smol::Timer;
use smol::future::or;

/// What `future` gives, if it does within `time`.
pub async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(time).await;
        None
    };
    or(async { Some(future.await) }, late).await
}
