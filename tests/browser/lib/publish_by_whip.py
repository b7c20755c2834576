"""FFmpeg's own WHIP client publishes a moving picture (H.264) and a tone (Opus), for so many seconds.

publish_by_whip.py URL TOKEN SECONDS CERTIFICATE KEY

The certificate is one on P-256: that of FFmpeg with GnuTLS is on P-224, which WebRTC does not know (RFC 8827 section 6.5).
"""

import math
import struct
import sys
import time

import av

WIDTH, HEIGHT, FRAMES_A_SECOND = 320, 240, 15
SAMPLES_A_SECOND, SAMPLES = 48_000, 960


def picture(index):
    """A white bar that wanders over grey."""
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    bar = (index * 8) % WIDTH
    row = bytes(235 if bar <= x < bar + 32 else 80 for x in range(WIDTH))
    luma = frame.planes[0]
    luma.update(row.ljust(luma.line_size, b"\x80") * HEIGHT)
    for plane in frame.planes[1:]:
        plane.update(b"\x80" * plane.buffer_size)
    frame.pts = index
    return frame


def sound(index):
    """20 ms of 440 Hz."""
    frame = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
    wave = (math.sin(2 * math.pi * 440 * (index * SAMPLES + place) / SAMPLES_A_SECOND) for place in range(SAMPLES))
    frame.planes[0].update(b"".join(struct.pack("<hh", *[int(8000 * height)] * 2) for height in wave))
    frame.sample_rate, frame.pts = SAMPLES_A_SECOND, index * SAMPLES
    return frame


def main(url, token, seconds, certificate, key):
    options = {"authorization": token, "cert_file": certificate, "key_file": key}
    out = av.open(url, "w", format="whip", options=options)
    video = out.add_stream("libx264", rate=FRAMES_A_SECOND)
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    video.codec_context.gop_size, video.codec_context.max_b_frames = FRAMES_A_SECOND, 0
    video.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    audio = out.add_stream("libopus", rate=SAMPLES_A_SECOND, layout="stereo")
    began = time.monotonic()
    pictures = sounds = 0
    while pictures < float(seconds) * FRAMES_A_SECOND:
        since = time.monotonic() - began
        if since * FRAMES_A_SECOND >= pictures:
            out.mux(video.encode(picture(pictures)))
            pictures += 1
        while since * SAMPLES_A_SECOND / SAMPLES >= sounds:
            out.mux(audio.encode(sound(sounds)))
            sounds += 1
        time.sleep(0.005)
    # Closing sends DELETE.
    out.close()


main(*sys.argv[1:])
