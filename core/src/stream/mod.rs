//! The publisher's side of media: facts of a packet, loss, keyframes, history, speech. It knows no subscriber.

pub mod conversation;
pub mod dominant;
pub mod encoding;
pub mod facts;
pub mod history;
pub mod keyframe;
pub mod layer_count;
pub mod layer_rates;
pub mod loss;
pub mod loudest;
pub mod need;
pub mod parameters;
pub mod picture;
pub mod published;
pub mod speech;
pub mod statistics;
pub mod traffic;
pub mod voice;

pub use conversation::{Conversation, ConversationSettings};
pub use encoding::{Encoding, KeyframeStart, SenderReport};
pub use facts::{Elements, Facts};
pub use history::History;
pub use keyframe::KeyframeGovernor;
pub use layer_count::LayerCount;
pub use layer_rates::{LAYERS, LayerRates};
pub use loss::{Arrival, Loss, MISSING_PACKETS};
pub use loudest::{Admission, LOUDEST, Loudest};
pub use need::Need;
pub use parameters::{EncodingParameters, Feedback, Mid, Rid, StreamParameters};
pub use picture::{Layers, Picture, PictureNumber, SpatialFrame, TargetFrame};
pub use published::{AUDIO_HISTORY_PACKETS, Kept, Stream};
pub use speech::{Speech, SpeechSettings};
pub use statistics::{ReceiveReport, ReceiveStatistics};
pub use traffic::Traffic;
pub use voice::{Activity, Voice};
