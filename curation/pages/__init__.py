"""What the pages of ours share: how they are served to one person on 127.0.0.1, their style, their script."""
