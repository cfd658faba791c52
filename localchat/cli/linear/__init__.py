"""Linear mode: the same chats as on the screens, in plain lines, for screen readers and pipes.

No room here knows Textual: nothing is drawn, only said.
"""
