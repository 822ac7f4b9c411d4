"""From files to a sealed submission: `concordat submit`.

job.py says what is to be done and checks that it may be; staging.py reads files into records; blinding.py makes rows of
them; uploading.py brings the rows to the service and seals; flow.py puts the stages in order and recovers from a crash
at any point between them.
"""
